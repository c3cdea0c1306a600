/** The REST API: images, their zones, exports and experiments. */

export { createApp } from './app.ts';
export { describeApi } from './openapi.ts';
export type { ImageApiOptions } from './options.ts';
