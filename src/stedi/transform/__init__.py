"""The five transforms: pure verbs over frames, each written once for every engine."""
