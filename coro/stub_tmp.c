#include "coro/cleanup.h"
struct coro_cleanup **task__cleanups(void){return 0;}
