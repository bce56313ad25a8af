// Cuts a recording into pieces with a checksum each. Written for the test dossiers.
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
	char chunk[1024], name[64];
	unsigned sum = 0;
	int n = 0;
	size_t k;
	FILE *f = argc > 1 ? fopen(argv[1], "rb") : stdin;
	if (!f)
		return 1;
	while ((k = fread(chunk, 1, sizeof chunk, f)) > 0) {
		for (size_t i = 0; i < k; i++)
			sum = sum * 31 + (unsigned char)chunk[i];
		sprintf(name, "piece-%04d", n++);
		printf("%s %zu %08x\n", name, k, sum);
		memset(chunk, 0, sizeof chunk);
	}
	return 0;
}
