// Reads counted pulses and prints them as watt hours. Written for the test dossiers.
#include <stdio.h>
#include <string.h>

#include "meter.h"

int main(int argc, char **argv) {
	struct reading all[32];
	char line[128], json[2048];
	size_t n = 0;
	FILE *in = argc > 1 ? fopen(argv[1], "r") : stdin;
	if (!in) {
		fprintf(stderr, "meterd: cannot open %s\n", argv[1]);
		return 1;
	}
	while (n < 32 && fgets(line, sizeof line, in)) {
		line[strcspn(line, "\n")] = 0;
		if (meter_line(line, &all[n]) == 0)
			n++;
	}
	meter_json(all, n, json, sizeof json);
	printf("[%s]\n", json);
	return 0;
}
