// Lets the tests import the SDK that Lambda's runtime brings: node --import resolve_sdk.mjs, with the folder in SDK.
import { register } from "node:module";

const hooks = `
  import { createRequire } from "node:module";
  import { pathToFileURL } from "node:url";
  const require = createRequire(${JSON.stringify(`${process.env.SDK}/`)});
  export async function resolve(specifier, context, next) {
    if (!specifier.startsWith("@aws-sdk/")) return next(specifier, context);
    return next(pathToFileURL(require.resolve(specifier)).href, context);
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
