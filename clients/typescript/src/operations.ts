/** What the document says of each call, as types: its path, what it takes, what it answers. */

import type { paths } from './schema.js';

export type Method = 'get' | 'put' | 'post' | 'patch' | 'delete';

/** The paths that know a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];

/** What the document says of a method of a path. */
export type Operation<M extends Method, P> = P extends keyof paths
  ? paths[P] extends Record<M, infer O>
    ? O
    : never
  : never;

/** The JSON that a call takes. */
export type BodyOf<O> = O extends { requestBody?: { content: { 'application/json': infer B } } }
  ? B
  : undefined;

/** The parameters in a call's query. */
export type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never;

/** The parameters in a call's path. */
export type PathParametersOf<O> = O extends { parameters: { path: infer X } } ? X : undefined;

/** The JSON that a call answers when it succeeds; `undefined` if it answers none. */
export type AnswerOf<O> = O extends { responses: infer R } ? JsonOf<R[keyof R]> : never;

type JsonOf<R> = R extends { content: { 'application/json': infer J } } ? J : undefined;

/** What may be an array here and stands between commas in a query. */
type Several = 'tags' | 'status' | 'fields' | 'metadata';

/** What may be a `Date` here and is RFC 3339 in the API. */
type Moment = 'start_time' | 'until' | 'from' | 'to' | 'created_from' | 'created_to' | 'expires_at';

/** A query as you give it: several values may be an array, times may be a `Date`. */
export type Query<Q> = {
  [K in keyof Q]: K extends Several
    ? Q[K] | readonly string[] | undefined
    : K extends Moment
      ? Q[K] | Date | undefined
      : Q[K] | undefined;
};

/** A body as you give it: times may be a `Date`. */
export type Dated<B> = { [K in keyof B]: K extends Moment ? B[K] | Date : B[K] };
