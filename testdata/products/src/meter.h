#include <stddef.h>

#define METER_PULSES_PER_KWH 800

struct reading {
	char channel[16];
	long watt_hours;
};

int meter_line(const char *line, struct reading *out);
size_t meter_json(const struct reading *r, size_t n, char *buf, size_t len);
