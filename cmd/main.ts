import { start } from './start.ts'

// weir as it is started from its sources; the executable begins in executable.ts.
void start(async () => (await import('./dispatch.ts')).dispatch)
