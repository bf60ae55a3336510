declare module "@cornerstonejs/codec-openjpeg/decodewasmjs" {
  const create: (options: object) => Promise<unknown>;
  export default create;
}
