export default { input: process.env.OPENAPI, output: { path: "hey", importFileExtension: ".js" } };
