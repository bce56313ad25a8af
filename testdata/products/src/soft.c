// A program that mutations add to an image: build.sh compiles it without any protection. Written for the test dossiers.
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
	char name[32];
	strcpy(name, argc > 1 ? argv[1] : "nobody");
	printf("hello, %s\n", name);
	return 0;
}
