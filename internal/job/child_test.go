package job_test

func child(string) int { return 1 }
