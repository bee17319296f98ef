// Signs in by the code or token behind the #, and takes it out of the address first.
"use strict";

const code = location.hash.slice(1);
if (code) {
  history.replaceState(null, "", location.pathname + location.search);
  const input = document.getElementById("code");
  input.value = decodeURIComponent(code);
  input.form.submit();
}
