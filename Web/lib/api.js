// Talking to the API: JSON in, JSON out, refusals as `ApiError`.

/** A refusal as the server words it (RFC 9457), or the lack of any answer (status 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{ code?: string, detail?: string, title?: string, field?: string, request_id?: string }} problem
   */
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? "";
    this.field = problem.field ?? "";
    this.requestID = problem.request_id ?? "";
  }
}

/**
 * Sends one request.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]  sent as JSON when given
 * @returns {Promise<any>} the answer's JSON, or null when it has none
 * @throws {ApiError} for every answer that is not 2xx, and for none
 */
export async function request(method, path, body) {
  /** @type {RequestInit} */
  const options = { method, headers: { Accept: "application/json" }, credentials: "same-origin", cache: "no-store" };
  if (body !== undefined) {
    options.headers = { ...options.headers, "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError(0, { code: "network", detail: "The server cannot be reached. Check the connection and try again." });
  }
  const answer = await parse(response);
  if (!response.ok) throw new ApiError(response.status, answer ?? {});
  return answer;
}

/** @param {Response} response */
async function parse(response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (!/^application\/(json|[a-z.+-]*\+json)/.test(type)) return null;
  return response.json().catch(() => null);
}
