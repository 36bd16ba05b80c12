// What runs a function of nodejs22.x and before, once node_line.cjs is loaded: AWS's client of that generation.
// process.argv[2] is the folder of the runtime's packages.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.argv[2]}/`);
const { run } = await import(pathToFileURL(require.resolve("aws-lambda-ric-3")).href);
process.argv.splice(1);
await run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
