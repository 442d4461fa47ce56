package kubernetes

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
)

// container is the only container of the deployment.
func (m *manifests) container(t *testing.T) core.Container {
	t.Helper()
	all := m.deployment.Spec.Template.Spec.Containers
	if len(all) != 1 {
		t.Fatalf("%d containers, want 1", len(all))
	}
	return all[0]
}

func TestHardening(t *testing.T) {
	m := build(t)
	pod := m.deployment.Spec.Template.Spec
	if s := pod.SecurityContext; s == nil || !*s.RunAsNonRoot || *s.RunAsUser != 65532 || s.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
		t.Errorf("the pod's security context = %+v", s)
	}
	c := m.container(t)
	if s := c.SecurityContext; s == nil || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}) || s.Capabilities.Add != nil {
		t.Errorf("the container's security context = %+v", s)
	}
	if *pod.AutomountServiceAccountToken || *pod.EnableServiceLinks {
		t.Error("the pod gets a token or variables that it does not need")
	}
}

func TestMemory(t *testing.T) {
	m := build(t)
	c := m.container(t)
	limit, request := c.Resources.Limits.Memory().Value(), c.Resources.Requests.Memory().Value()
	if request > limit*9/10 || request < limit*8/10 {
		t.Errorf("GOMEMLIMIT is the request, %d, want 80 to 90 %% of the limit, %d", request, limit)
	}
	i := slices.IndexFunc(c.Env, func(e core.EnvVar) bool { return e.Name == "GOMEMLIMIT" })
	if i < 0 || c.Env[i].ValueFrom.ResourceFieldRef.Resource != "requests.memory" || !c.Env[i].ValueFrom.ResourceFieldRef.Divisor.IsZero() {
		t.Fatal("GOMEMLIMIT is not the request in bytes")
	}
	const entry = 1_150 // bytes, docs/operations.md#memory
	entries, err := strconv.ParseInt(m.config.Data["CACHE_MAX_ENTRIES"], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if live := entries * entry; live > request*2/3 {
		t.Errorf("a full cache takes %d bytes, more than two thirds of GOMEMLIMIT, %d", live, request)
	}
}

func TestShutdown(t *testing.T) {
	m := build(t)
	var ours time.Duration
	for _, name := range []string{"DRAIN_DELAY", "SHUTDOWN_TIMEOUT"} {
		d, err := time.ParseDuration(m.config.Data[name])
		if err != nil || d <= 0 {
			t.Fatalf("%s = %q, %v", name, m.config.Data[name], err)
		}
		ours += d
	}
	if grace := time.Duration(*m.deployment.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second; grace < ours+5*time.Second {
		t.Errorf("the grace period is %s, want five seconds more than %s", grace, ours)
	}
}

func TestProbes(t *testing.T) {
	c := build(t).container(t)
	for path, probe := range map[string]*core.Probe{"/livez": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path || !hasPort(c, probe.HTTPGet.Port.StrVal) {
			t.Errorf("the probe of %s = %+v", path, probe)
		}
	}
}

// Each secret is a file in the mounted Secret, and no secret is in a variable.
func TestSecrets(t *testing.T) {
	m := build(t)
	c := m.container(t)
	if len(c.VolumeMounts) != 1 || !c.VolumeMounts[0].ReadOnly {
		t.Fatalf("mounts = %+v, want the Secret only, read-only", c.VolumeMounts)
	}
	volumes := m.deployment.Spec.Template.Spec.Volumes
	if len(volumes) != 1 || volumes[0].Name != c.VolumeMounts[0].Name || volumes[0].Secret == nil || *volumes[0].Secret.DefaultMode != 0o440 {
		t.Errorf("volumes = %+v, want the Secret, readable by its group", volumes)
	}
	files := 0
	for _, e := range c.Env {
		if name, ok := strings.CutSuffix(e.Name, "_FILE"); ok {
			files++
			if want := c.VolumeMounts[0].MountPath + "/" + name; e.Value != want {
				t.Errorf("%s = %s, want %s", e.Name, e.Value, want)
			}
		}
	}
	if files == 0 {
		t.Error("no secret is a file")
	}
	for _, secret := range []string{"API_KEYS", "REDIS_URL", "OPENWEATHER_API_KEY", "DIRECTORY_TOKEN", "GITHUB_TOKEN", "OPENMETEO_API_KEY"} {
		if m.config.Data[secret] != "" || slices.ContainsFunc(c.Env, func(e core.EnvVar) bool { return e.Name == secret }) {
			t.Errorf("%s is in a variable", secret)
		}
	}
}

func hasPort(c core.Container, name string) bool {
	return slices.ContainsFunc(c.Ports, func(p core.ContainerPort) bool { return p.Name == name })
}
