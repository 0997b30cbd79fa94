// What a page changes goes through the API, with the page's own token; forms say what and where.

const token = document.querySelector('meta[name="miler-token"]').content;
const problem = document.getElementById("problem");

async function send(form) {
  const { action, method, then } = form.dataset;
  const init = { method, headers: { "X-Miler-Token": token } };
  const fields = [...new FormData(form)];
  if (fields.length) {
    init.headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(Object.fromEntries(fields.map(([name, value]) => [name, value || null])));
  }
  const answer = await fetch(action, init);
  if (!answer.ok) throw new Error((await answer.json()).detail);
  if (then) location.assign(then);
  else location.reload();
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.action) return;
  event.preventDefault();
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await send(form);
  } catch (error) {
    problem.textContent = error.message;
    button.disabled = false;
  }
});
