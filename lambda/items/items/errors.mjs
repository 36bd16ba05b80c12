// What can be wrong with a request. The status code of each is in entry_point.mjs, and nowhere else.

// An answer to the caller. The message is for them to read; `errors` are {field, message}.
export class ApplicationError extends Error {
  constructor(message, errors = []) {
    super(message);
    this.name = new.target.name;
    this.errors = errors;
  }
}

// The request breaks a rule; `errors` names the fields, all of them at once.
export class InvalidRequest extends ApplicationError {}

// What the request is about does not exist.
export class NotFound extends ApplicationError {}

export function validationFailed(errors) {
  return new InvalidRequest("Validation failed", errors);
}
