// The configuration of the items functions.

// ITEMS_TABLE: the table's name. CORS_ALLOW_ORIGIN: the origin that browsers may call from, or *.
// Throws with all that are missing, at cold start, so that Lambda never runs a function that is configured wrongly.
export function readEnvironment(variables) {
  const names = ["ITEMS_TABLE", "CORS_ALLOW_ORIGIN"];
  const missing = names.filter((name) => !(variables[name] ?? "").trim());
  if (missing.length) throw new Error(`environment variables not set: ${missing.join(", ")}`);
  return Object.freeze({
    itemsTable: variables.ITEMS_TABLE.trim(),
    corsAllowOrigin: variables.CORS_ALLOW_ORIGIN.trim(),
    service: variables.POWERTOOLS_SERVICE_NAME ?? "items",
    logLevel: variables.POWERTOOLS_LOG_LEVEL ?? "INFO",
  });
}
