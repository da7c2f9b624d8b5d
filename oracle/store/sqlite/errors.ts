/** Another process has the store open. */
export class StoreLockedError extends Error {
  readonly path: string;

  constructor(path: string, options?: ErrorOptions) {
    super(`${path} is in use by another process; one node at a time may run on a store`, options);
    this.name = "StoreLockedError";
    this.path = path;
  }
}

/** The store was written by a newer version of the node. */
export class StoreTooNewError extends Error {
  readonly path: string;

  constructor(path: string, found: number, known: number) {
    super(`${path} has schema ${found}, and this version knows schemas up to ${known}`);
    this.name = "StoreTooNewError";
    this.path = path;
  }
}

/** The store belongs to another deployment or operator. */
export class StoreMismatchError extends Error {
  readonly field: string;

  constructor(path: string, field: string, stored: string, configured: string) {
    super(`${path} was made for ${field} ${stored}, not ${configured}; use a store of its own`);
    this.name = "StoreMismatchError";
    this.field = field;
  }
}
