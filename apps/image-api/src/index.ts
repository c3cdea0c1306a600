/** The REST API: images, their zones, exports and experiments. */

export { createApp, openApiDocument } from './app.ts';
export type { ImageApiOptions } from './options.ts';
