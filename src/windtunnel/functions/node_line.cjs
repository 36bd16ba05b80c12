// Loaded before AWS's runtime interface client for Node.js, in the place of the part of it that is compiled (libcurl):
// what it asks of the Runtime API goes over one connection, a result together with the question for the next invocation.
// As that part does, done() and error() return when the result is sent: a process that ends right then has answered.
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const net = require("node:net");
const path = require("node:path");

const RUNTIME = "/2018-06-01/runtime/invocation/";
const NATIVE = "./rapid-client.node";
const HEAD_END = Buffer.from("\r\n\r\n");
const pause = new Int32Array(new SharedArrayBuffer(4));

class Line {
  constructor(address) {
    this.address = address;
    this.socket = null;
    this.received = [];
    this.waiting = null;
    this.asked = false; // a result was sent, with the question
    this.skipped = 0; // answers that nobody waits for
    this.broken = null;
  }

  connect() {
    const at = this.address.lastIndexOf(":");
    const host = this.address.slice(0, at);
    const port = Number(this.address.slice(at + 1));
    return new Promise((resolve, reject) => {
      const socket = net.createConnection({ host, port, noDelay: true });
      socket.once("connect", () => {
        this.socket = socket;
        resolve();
      });
      socket.on("error", (error) => {
        this.fail(error);
        reject(error);
      });
      socket.on("close", () => this.fail(new Error("the Runtime API has gone")));
      socket.on("data", (data) => {
        this.received.push(data);
        this.look();
      });
    });
  }

  fail(error) {
    this.broken = error;
    const waiting = this.waiting;
    this.waiting = null;
    if (waiting) waiting.reject(error);
  }

  // Whether a whole answer is here: hand it over, once it is asked for.
  look() {
    let data = this.received.length === 1 ? this.received[0] : Buffer.concat(this.received);
    while (this.skipped || this.waiting) {
      const end = data.indexOf(HEAD_END);
      if (end < 0) break;
      const lines = data.toString("latin1", 0, end).split("\r\n");
      const headers = {};
      for (const line of lines.slice(1)) {
        const colon = line.indexOf(":");
        headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
      }
      const start = end + HEAD_END.length;
      const length = Number(headers["content-length"] || 0);
      if (data.length < start + length) break;
      const body = data.subarray(start, start + length);
      data = data.subarray(start + length);
      if (this.skipped) {
        this.skipped -= 1;
        continue;
      }
      const waiting = this.waiting;
      this.waiting = null;
      // while a handler runs, the connection is none of the things that keep the process busy
      this.socket.unref();
      if (lines[0].split(" ")[1] === "200") waiting.resolve({ bodyJson: body.toString("utf8"), headers });
      else waiting.reject(new Error(`the Runtime API answered ${lines[0]}: ${body}`));
    }
    this.received = data.length ? [data] : [];
  }

  send(data) {
    const descriptor = this.socket._handle ? this.socket._handle.fd : -1;
    for (let sent = 0; sent < data.length; ) {
      try {
        sent += fs.writeSync(descriptor, data, sent);
      } catch (error) {
        if (error.code !== "EAGAIN") throw error;
        Atomics.wait(pause, 0, 0, 1);
      }
    }
  }

  post(id, kind, body, headers = "") {
    const data = Buffer.from(body);
    const head = `POST ${RUNTIME}${id}/${kind} HTTP/1.1\r\nHost: runtime\r\nContent-Type: application/json\r\n`;
    this.send(Buffer.concat([Buffer.from(`${head}${headers}Content-Length: ${data.length}\r\n\r\n`), data]));
  }

  async next() {
    if (!this.socket) await this.connect();
    if (this.broken) throw this.broken;
    const answer = new Promise((resolve, reject) => (this.waiting = { resolve, reject }));
    this.socket.ref();
    if (!this.asked) this.send(Buffer.from(`GET ${RUNTIME}next HTTP/1.1\r\nHost: runtime\r\n\r\n`));
    this.asked = false;
    this.look();
    return answer;
  }

  done(id, body) {
    this.asked = true;
    this.post(id, "response?next", body);
  }

  // After an error the process may be about to end: it asks for more only when it says so.
  error(id, body, cause) {
    this.skipped += 1;
    const safe = cause && !/[\r\n]|[^\x20-\x7e]/.test(cause) && cause.length < 16384;
    this.post(id, "error", body, safe ? `Lambda-Runtime-Function-XRay-Error-Cause: ${cause}\r\n` : "");
  }
}

const line = new Line(process.env.AWS_LAMBDA_RUNTIME_API);
const exports_ = { next: () => line.next(), done: line.done.bind(line), error: line.error.bind(line) };
const resolve = Module._resolveFilename;
const place = path.join(__dirname, "rapid-client.node");
require.cache[place] = Object.assign(new Module(place), { filename: place, loaded: true, exports: exports_ });
Module._resolveFilename = function resolveFilename(request, ...rest) {
  return request === NATIVE ? place : resolve.call(this, request, ...rest);
};

// AWS's Node.js finds ES modules in NODE_PATH as well: layers, and the SDK. Only what is not found otherwise is looked for.
function look(specifier, error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND" || /^[./]|^[a-z]+:/.test(specifier)) throw error;
  try {
    return require("node:url").pathToFileURL(require.resolve(specifier)).href;
  } catch {
    throw error;
  }
}

function isModule() {
  const [folder, name] = [process.env.LAMBDA_TASK_ROOT, (process.env._HANDLER || "").replace(/\.[^/]*$/, "")];
  const file = path.resolve(folder, name);
  if (fs.existsSync(`${file}.mjs`)) return true;
  for (let at = path.dirname(file); at.startsWith(folder); at = path.dirname(at)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(at, "package.json"), "utf8")).type === "module";
    } catch (error) {
      if (error.code !== "ENOENT") return false;
    }
  }
  return false;
}

if (isModule()) {
  if (Module.registerHooks) {
    Module.registerHooks({
      resolve(specifier, context, next) {
        try {
          return next(specifier, context);
        } catch (error) {
          return next(look(specifier, error), context);
        }
      },
    });
  } else if (Module.register) {
    const source = `
      import { createRequire } from "node:module";
      import { pathToFileURL } from "node:url";
      const require = createRequire(${JSON.stringify(__filename)});
      ${look.toString().replace('require("node:url").', "")}
      export async function resolve(specifier, context, next) {
        try {
          return await next(specifier, context);
        } catch (error) {
          return next(look(specifier, error), context);
        }
      }`;
    Module.register(`data:text/javascript,${encodeURIComponent(source)}`);
  }
}
