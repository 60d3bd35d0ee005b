// SPDX-License-Identifier: Apache-2.0
/** A script that Vite builds on its own and puts into the page as text. */
declare module "*?worker&inline" {
  const WorkerFromText: new () => Worker;
  export default WorkerFromText;
}
