// Package kubernetes checks deploy/kubernetes as kubectl and the API server read it.
package kubernetes

import (
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// manifests are all objects that kustomize builds.
type manifests struct {
	config     core.ConfigMap
	deployment apps.Deployment
	api, admin core.Service
	budget     policy.PodDisruptionBudget
	scaler     autoscaling.HorizontalPodAutoscaler
	network    networking.NetworkPolicy
	monitor    monitoring.ServiceMonitor
}

// build fails for a key that an object does not have, and for an object that is not
// expected, missing or there twice.
func build(t *testing.T) *manifests {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "../../deploy/kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	m := &manifests{}
	into := map[string]any{
		"ConfigMap tributary":               &m.config,
		"Deployment tributary":              &m.deployment,
		"Service tributary":                 &m.api,
		"Service tributary-admin":           &m.admin,
		"PodDisruptionBudget tributary":     &m.budget,
		"HorizontalPodAutoscaler tributary": &m.scaler,
		"NetworkPolicy tributary":           &m.network,
		"ServiceMonitor tributary":          &m.monitor,
	}
	for _, resource := range built.Resources() {
		key := resource.GetKind() + " " + resource.GetName()
		if resource.GetKind() == "ConfigMap" { // its name ends in a hash
			key = "ConfigMap tributary"
		}
		target, ok := into[key]
		if !ok {
			t.Errorf("%s is not expected, or there twice", key)
			continue
		}
		delete(into, key)
		text, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, target); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	for key := range into {
		t.Errorf("there is no %s", key)
	}
	return m
}
