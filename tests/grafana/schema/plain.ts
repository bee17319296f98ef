// The shapes of JSON that Grafana's own types describe.

/** JSON has no enums: where a type wants one, JSON has its value. */
export type Plain<T> = T extends string
  ? `${T}`
  : T extends (infer Item)[]
    ? Plain<Item>[]
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : T;

/** A panel's options may leave out what its type has a default for. */
export type Some<T> = T extends (infer Item)[]
  ? Some<Item>[]
  : T extends object
    ? { [Key in keyof T]?: Some<T[Key]> }
    : T;
