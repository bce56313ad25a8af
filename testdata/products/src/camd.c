// Looks for motion between two grey pictures in PGM form. Written for the test dossiers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char a[64 * 48], b[64 * 48];

static int load(const char *name, unsigned char *to) {
	char magic[8], line[64];
	int w, h, max;
	FILE *f = fopen(name, "rb");
	if (!f || !fgets(line, sizeof line, f) || sscanf(line, "%7s %d %d %d", magic, &w, &h, &max) != 4 || w != 64 || h != 48)
		return -1;
	size_t n = fread(to, 1, 64 * 48, f);
	fclose(f);
	return n == 64 * 48 ? 0 : -1;
}

int main(int argc, char **argv) {
	char report[96];
	int changed = 0;
	if (argc < 3 || load(argv[1], a) || load(argv[2], b)) {
		fputs("usage: camd BEFORE.pgm AFTER.pgm\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < sizeof a; i++)
		changed += abs(a[i] - b[i]) > 24;
	sprintf(report, "changed %d of %d", changed, (int)sizeof a);
	strcat(report, changed > 60 ? ": motion" : ": still");
	puts(report);
	return 0;
}
