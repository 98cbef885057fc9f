// Command pulumi-resource-kubernetes is Pulumi's provider for Kubernetes, built from its own module.
//
// Both schemas are empty: they serve code generation and `pulumi import`, and a stack needs neither.
package main

import (
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

func main() { provider.Serve("kubernetes", version.Version, []byte("{}"), []byte("{}")) }
