package kubernetes

import (
	"maps"
	"slices"
	"testing"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
)

// selects reports whether a selector that is not empty matches these labels.
func selects(selector, labels map[string]string) bool {
	for name, value := range selector {
		if labels[name] != value {
			return false
		}
	}
	return len(selector) > 0
}

func TestSelectors(t *testing.T) {
	m := build(t)
	pods := m.deployment.Spec.Template.Labels
	selectors := map[string]map[string]string{
		"the Deployment":          m.deployment.Spec.Selector.MatchLabels,
		"the Service":             m.api.Spec.Selector,
		"the admin Service":       m.admin.Spec.Selector,
		"the PodDisruptionBudget": m.budget.Spec.Selector.MatchLabels,
		"the NetworkPolicy":       m.network.Spec.PodSelector.MatchLabels,
	}
	spread := m.deployment.Spec.Template.Spec.TopologySpreadConstraints
	if len(spread) == 0 {
		t.Error("replicas may all be in one place")
	}
	for _, constraint := range spread {
		selectors["the spread over "+constraint.TopologyKey] = constraint.LabelSelector.MatchLabels
	}
	for what, selector := range selectors {
		if !selects(selector, pods) {
			t.Errorf("%s selects %v, want the pods, %v", what, selector, pods)
		}
	}
	if monitor := m.monitor.Spec.Selector.MatchLabels; !selects(monitor, m.admin.Labels) || selects(monitor, m.api.Labels) {
		t.Errorf("the ServiceMonitor selects %v, want the admin Service only", monitor)
	}
	if job := m.admin.Labels[m.monitor.Spec.JobLabel]; job != "tributary" {
		t.Errorf("the job is %q, want tributary, for which the rules ask", job)
	}
	if target := m.scaler.Spec.ScaleTargetRef; target.Kind != "Deployment" || target.Name != m.deployment.Name {
		t.Errorf("the HorizontalPodAutoscaler scales %+v", target)
	}
	if m.deployment.Spec.Replicas != nil {
		t.Error("the Deployment sets replicas, so each rollout undoes the autoscaler's")
	}
	if m.budget.Spec.MaxUnavailable.IntValue() >= int(*m.scaler.Spec.MinReplicas) {
		t.Error("all replicas may be disrupted at once")
	}
	if from := m.container(t).EnvFrom; len(from) != 1 || from[0].ConfigMapRef.Name != m.config.Name {
		t.Errorf("the container's configuration is from %+v, want %s", from, m.config.Name)
	}
}

func TestPorts(t *testing.T) {
	m := build(t)
	c := m.container(t)
	for _, service := range []core.Service{m.api, m.admin} {
		for _, port := range service.Spec.Ports {
			if !hasPort(c, port.TargetPort.StrVal) {
				t.Errorf("%s: the container has no port %s", service.Name, port.TargetPort.StrVal)
			}
		}
	}
	if slices.ContainsFunc(m.api.Spec.Ports, func(p core.ServicePort) bool { return p.TargetPort.StrVal == "admin" }) {
		t.Error("the Service for all has the admin port")
	}
	if m.monitor.Spec.Endpoints[0].Port != m.admin.Spec.Ports[0].Name {
		t.Errorf("the ServiceMonitor asks port %s", m.monitor.Spec.Endpoints[0].Port)
	}
}

func TestAdminPortIsForPrometheusOnly(t *testing.T) {
	m := build(t)
	if !slices.Equal(m.network.Spec.PolicyTypes, []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress}) {
		t.Errorf("policy types = %v", m.network.Spec.PolicyTypes)
	}
	open := map[string]bool{} // whether a port is open to all
	for _, rule := range m.network.Spec.Ingress {
		if len(rule.Ports) == 0 {
			t.Error("a rule opens all ports")
		}
		for _, port := range rule.Ports {
			open[port.Port.StrVal] = open[port.Port.StrVal] || len(rule.From) == 0
			for _, peer := range rule.From {
				if peer.NamespaceSelector == nil || peer.PodSelector == nil || peer.PodSelector.MatchLabels["app.kubernetes.io/name"] != "prometheus" {
					t.Errorf("port %s is open to %+v, want Prometheus", port.Port.StrVal, peer)
				}
			}
		}
	}
	if want := map[string]bool{"http": true, "admin": false}; !maps.Equal(open, want) {
		t.Errorf("open to all = %v, want %v", open, want)
	}
}
