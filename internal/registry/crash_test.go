package registry_test

const childEnv = "IOTMARK_REGISTRY_CHILD"

func child(string) int { return 0 }
