// The counting part of an energy meter, as a shared library. Written for the test dossiers.
#include <stdio.h>
#include <string.h>

#include "meter.h"

int meter_line(const char *line, struct reading *out) {
	char channel[16];
	long pulses;
	if (sscanf(line, "%15s %ld", channel, &pulses) != 2 || pulses < 0)
		return -1;
	snprintf(out->channel, sizeof out->channel, "%s", channel);
	out->watt_hours = pulses * 1000 / METER_PULSES_PER_KWH;
	return 0;
}

size_t meter_json(const struct reading *r, size_t n, char *buf, size_t len) {
	char item[64];
	size_t used = 0;
	buf[0] = 0;
	for (size_t i = 0; i < n; i++) {
		int k = snprintf(item, sizeof item, "%s{\"channel\":\"%s\",\"wh\":%ld}", i ? "," : "", r[i].channel, r[i].watt_hours);
		if (k < 0 || used + (size_t)k + 1 > len)
			break;
		strcpy(buf + used, item);
		used += (size_t)k;
	}
	return used;
}
