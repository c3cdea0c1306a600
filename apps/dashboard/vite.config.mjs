// The page: built from src into dist/page, without a reference to any other host and without inline code.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'src',
  base: './',
  plugins: [react()],
  resolve: { conditions: ['@zonelab/source', 'module', 'browser', 'production'] },
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the page's policy allows no data: URLs
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/v1': process.env.ZONELAB_URL ?? 'http://127.0.0.1:3000' } },
});
