/** The command line of zonelab, callable from a program. */
export type { Output } from './output.ts';
export { runProgram } from './program.ts';
