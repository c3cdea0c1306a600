/** Words that qemu-io takes for how a file is opened; here they change nothing. */
export const AIO_MODES = ['threads', 'native', 'io_uring'];
export const DISCARD_MODES = ['ignore', 'off', 'unmap', 'on'];
