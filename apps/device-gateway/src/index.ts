export { startGateway } from './gateway.module.ts';
