// Hands the server's options to Flask-Security's own script (webauthn.js, loaded before) and sends the answer back.
const form = document.querySelector("form[data-passkey]");

function show(message) {
  const box = document.querySelector("[data-passkey-error]");
  box.textContent = message;
  box.classList.remove("d-none");
}

if (form) {
  // The functions of that plain script are global names, not properties of window.
  const ask = form.dataset.passkey === "register" ? handleRegister : handleSignin;
  ask(form.dataset.options).then((result) => {
    if (result.error_msg) {
      show(result.error_msg);
      return;
    }
    form.querySelector("[name=credential]").value = result.credential;
    form.submit();
  });
}
