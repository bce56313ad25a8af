// Pretends to call home: prints the request it would send. Written for the test dossiers.
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
	char url[128], body[64];
	strcpy(url, argc > 1 ? argv[1] : "http://p2p.zippico.example:8000");
	sprintf(body, "user=%s&pass=%s", "zcdevice", "zcdevice");
	printf("POST %s/register\n%s\n", url, body);
	return 0;
}
