// Signs a screen in that was opened with the token behind the #, and takes the token out of the address first.
"use strict";

const token = location.hash.slice(1);
if (token) {
  history.replaceState(null, "", location.pathname + location.search);
  const input = document.getElementById("token");
  input.value = decodeURIComponent(token);
  input.form.submit();
}
