/*
 * recorder: what a run's folder DIR has left becomes DIR/record.new (made,
 * empty, by coffer-agentd), whose manifest's SHA-256 is printed.  Secrets to
 * mask come on standard input, one a line.  All files are open before a byte of
 * the run is read; then this process has no right on the host, and ends.
 */
#ifndef AGENTD_RECORDER_RECORDER_H
#define AGENTD_RECORDER_RECORDER_H

struct err;

int recorder_run(const char *dir, struct err *e);

#endif
