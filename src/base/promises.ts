/**
 * A promise that is awaited later, or among others: should it be rejected before anybody comes to that, the
 * rejection has been heard of already.
 */
export function heeded<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}
