/** Real servers for tests. Imported by tests only. */

export { startTestServers, type TestServers } from './servers.ts';
export { waitUntil } from './wait-until.ts';
