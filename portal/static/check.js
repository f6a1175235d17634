/* 检查 with the keyboard: 1 in order, 2-8 tick a fault, Enter saves the faults, u takes back, arrows go on.
   The pages turn in place, and the first page of the next form is fetched before it is asked for. */
(function () {
  'use strict';
  var frame = document.getElementById('check-page');
  if (!frame) { return; }
  var picture = frame.querySelector('img'), shape = frame.querySelector('.page-shape');
  var talls = frame.getAttribute('data-talls').trim().split(' ');
  var now = 1, sent = false;

  function mark() {
    var links = document.querySelectorAll('.check-pages [data-page]');
    for (var i = 0; i < links.length; i++) {
      if (i + 1 === now) { links[i].setAttribute('aria-current', 'page'); } else { links[i].removeAttribute('aria-current'); }
    }
  }

  function show(page) {
    if (page < 1 || page > talls.length) { return; }
    now = page;
    picture.alt = '入团志愿书第 ' + page + ' 页，看大图';
    picture.src = '/scans/' + frame.getAttribute('data-scan') + '/pages/' + page + '.jpg';
    shape.setAttribute('viewBox', '0 0 1000 ' + talls[page - 1]);
    frame.href = '/members/' + frame.getAttribute('data-member') + '/scan?page=' + page;
    mark();
    frame.scrollIntoView();
  }

  function press(id) {
    var button = document.getElementById(id);
    if (button && !sent) { button.click(); }
  }

  function tick(box) {
    box.checked = !box.checked;
    box.focus();
    // A fault of a page is one of the page that is seen; the first one is where everybody begins.
    var pages = box.form.elements[box.name + '-pages'];
    if (box.checked && !pages.value && now > 1 && /[345]/.test(box.getAttribute('data-key'))) { pages.value = now; }
    if (!box.checked) { pages.value = ''; }
  }

  document.addEventListener('click', function (event) {
    var link = event.target.closest('[data-page]');
    if (!link || event.ctrlKey || event.shiftKey || event.metaKey) { return; }
    event.preventDefault();
    show(Number(link.getAttribute('data-page')));
  });

  document.addEventListener('submit', function (event) {
    // A key that is held down, or pressed again before the next page is there, says nothing of it.
    if (sent) { event.preventDefault(); }
    sent = true;
    setTimeout(function () { sent = false; }, 3000); // the person stayed, or the line is slow
  });
  window.addEventListener('pageshow', function () { sent = false; });

  document.addEventListener('keydown', function (event) {
    var target = event.target;
    var typing = target.tagName === 'INPUT' && target.type !== 'checkbox';
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) { return; }
    if (event.key === 'Escape' && typing) { target.blur(); return; }
    if (typing || target.tagName === 'TEXTAREA' || target.tagName === 'SELECT') { return; }
    var key = event.key.toLowerCase();
    var box = /^[2-8]$/.test(key) && document.querySelector('[data-key="' + key + '"]');
    if (box) { tick(box); }
    else if (key === '1') { press('in-order'); }
    else if (key === 'enter' && target.tagName !== 'A' && target.tagName !== 'BUTTON') { press('with-faults'); }
    else if (key === 'u') { press('undo'); }
    else if (key === 'arrowleft') { press('previous'); }
    else if (key === 'arrowright') { press('next'); }
    else if (key === 'pagedown') { show(now + 1); }
    else if (key === 'pageup') { show(now - 1); }
    else { return; }
    event.preventDefault();
  });

  function ahead() {
    var next = frame.parentNode.parentNode.getAttribute('data-ahead');
    if (next) { new Image().src = next; }
  }

  var current = document.querySelector('.check-pages [aria-current]');
  now = current ? Number(current.getAttribute('data-page')) : 1;
  if (picture.complete) { ahead(); } else { picture.addEventListener('load', ahead, { once: true }); }
}());
