// Requests to the admin listener. A refusal is an Error with the words of its problem document.

async function request(method, path, body) {
  const options = { method, headers: { Accept: 'application/json' } };
  if (body !== undefined) {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  const response = await fetch(`/console/${path}`, options);
  const text = await response.text();
  let parsed;
  try {
    parsed = text ? JSON.parse(text) : undefined;
  } catch {
    if (response.ok) throw new Error(`${path}: the answer is not JSON`);
  }
  if (!response.ok) {
    const error = new Error([parsed?.title, parsed?.detail].filter(Boolean).join(': ') || `${response.status} ${response.statusText}`);
    error.status = response.status;
    throw error;
  }
  return parsed;
}

export const get = (path) => request('GET', path);
export const post = (path, body) => request('POST', path, body);
export const put = (path, body) => request('PUT', path, body);
export const remove = (path) => request('DELETE', path);
