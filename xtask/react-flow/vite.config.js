export default { esbuild: { jsx: "automatic" }, build: { modulePreload: { polyfill: false } } };
