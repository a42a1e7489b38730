/* app: cofferd as a whole; the one module that knows all others. */
#ifndef SERVER_APP_H
#define SERVER_APP_H

struct app;
struct config;
struct err;

#define APP_VERSION "0.1.0"

/* cfg and home are borrowed. */
struct app *app_new(const char *home, struct config *cfg, struct err *e);
/* Until SIGTERM or SIGINT; what was begun is finished. */
int app_run(struct app *a, struct err *e);
void app_free(struct app *a);

#endif
