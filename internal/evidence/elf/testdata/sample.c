// A program small enough to keep, with an array on the stack that a stack
// guard protects and a copy that can be fortified. build.sh makes it.
#include <stdio.h>
#include <string.h>

int greet(const char *who)
{
	char line[40];
	strcpy(line, "hello ");
	strcat(line, who);
	return puts(line);
}

#ifndef LIBRARY
int main(int argc, char **argv)
{
	return greet(argc > 1 ? argv[1] : "meter") < 0;
}
#endif
