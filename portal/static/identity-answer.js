/* A single-use code goes on by itself: what only fetches addresses (previews of messengers) runs no
   script and uses up nothing, and a person need not press the button. ES5. */
(function () {
  'use strict';
  var form = document.querySelector('form[data-go-on]');
  if (form) { form.submit(); }
})();
