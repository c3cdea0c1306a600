/** Prints the OpenAPI document, for the client to be generated from. */

import { describeApi } from './openapi.ts';

console.log(JSON.stringify(await describeApi(), null, 2));
