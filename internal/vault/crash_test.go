package vault_test

const childEnv = "IOTMARK_VAULT_CHILD"

func child(string) int { return 1 }
