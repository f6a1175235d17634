/* The portal's own script: ES5, because Chromium 69 kernels run it. Everything works without it. */
(function () {
  'use strict';
  var MIB = 1024 * 1024;
  var MAX_BYTES = 15 * MIB;
  var MAX_COMPRESSED = 100 * MIB; // of what may be compressed
  var root = document.documentElement;
  root.className = root.className.replace('no-js', 'js');

  function make(tag, className, text) {
    var element = document.createElement(tag);
    if (className) { element.className = className; }
    if (text) { element.textContent = text; }
    return element;
  }

  function megabytes(bytes) { return (bytes / MIB).toFixed(1); }

  function cellOf(element) { return element.closest('.scan-cell'); }

  /* ---- upload: one file at a time in a cell, with its progress ---- */

  var sending = []; // the forms whose file is on its way

  function say(cell, className, text) {
    clear(cell);
    var line = make('p', className, text);
    line.setAttribute('role', className === 'cell-error' ? 'alert' : 'status');
    cell.insertBefore(line, cell.firstChild);
    return line;
  }

  function clear(cell) {
    var old = cell.querySelectorAll('.cell-error, .cell-notice, .sending');
    for (var i = 0; i < old.length; i++) { old[i].parentNode.removeChild(old[i]); }
  }

  function fault(file, head) {
    if (file.size === 0) { return '文件是空的（0 字节）。请重新扫描或重新保存后再上传。'; }
    if (file.size > MAX_BYTES) {
      return '文件有 ' + (Math.ceil(file.size * 10 / MIB) / 10).toFixed(1) +
        'M，超过 15M。可以把扫描分辨率调到 200 dpi 或改为灰度，重新生成后再上传。';
    }
    if (head.indexOf('%PDF-') < 0) {
      return '这个文件不是 PDF。请把各页合成 1 份 PDF 后再上传。';
    }
    return '';
  }

  function choose(form, file) {
    var cell = cellOf(form);
    // A double click, a second choice while the first is on its way, or the change event that some
    // engines send after a drop: one file, sent once.
    if (!file || form.reading || sending.indexOf(form) >= 0) { return; }
    form.reading = true;
    var reader = new FileReader();
    reader.onloadend = function () { form.reading = false; };
    reader.onload = function () {
      form.reading = false;
      var wrong = fault(file, reader.result);
      if (wrong) {
        form.reset();
        var line = say(cell, 'cell-error', wrong);
        if (file.size > MAX_BYTES && file.size <= MAX_COMPRESSED && reader.result.indexOf('%PDF-') >= 0) {
          offer(line, '压缩到 15M 以内', function () { compress(form, file); });
        }
        return;
      }
      send(form, file);
    };
    reader.onerror = function () {
      say(cell, 'cell-error', '读不到这个文件。请确认它还在原来的位置，再选一次。');
    };
    reader.readAsBinaryString(file.slice(0, 1024));
  }

  // A button at the end of a sentence, for what can be done about it.
  function offer(line, text, act) {
    var button = make('button', 'link-button', text);
    button.type = 'button';
    button.onclick = act;
    line.appendChild(document.createTextNode(' '));
    line.appendChild(button);
    button.focus();
  }

  function send(form, file) {
    begin(form, file, '正在检查文件…', function () { choose(form, file); });
    window.htmx.trigger(form, 'send');
  }

  // A scan over 15 M goes to a page of its own, which shows it before and after.
  function compress(form, file) {
    begin(form, file, '正在压缩，约需 1 分钟…', function () { compress(form, file); });
    form.noValidate = true; // its own field is empty again
    window.htmx.ajax('POST', form.getAttribute('action') + '/compress', {
      source: form, target: cellOf(form), swap: 'outerHTML', values: { file: file }
    });
  }

  function begin(form, file, received, again) {
    var cell = cellOf(form);
    clear(cell);
    var box = make('div', 'sending');
    var bar = make('progress');
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute('aria-label', '上传 ' + file.name);
    var words = make('span', 'sending-words', '0% · 0 / ' + megabytes(file.size) + 'M');
    var cancel = make('button', 'link-button', '取消');
    cancel.type = 'button';
    var live = make('span', 'visually-hidden');
    live.setAttribute('role', 'status');
    box.appendChild(make('span', 'sending-name', file.name));
    box.appendChild(bar);
    box.appendChild(words);
    box.appendChild(cancel);
    box.appendChild(live);
    cell.appendChild(box);
    cell.classList.add('is-sending');
    form.upload = { file: file, box: box, bar: bar, words: words, live: live, cancel: cancel, began: Date.now(), received: false, receivedWords: received, again: again };
    sending.push(form);
    cancel.onclick = function () { window.htmx.trigger(form, 'htmx:abort'); };
    cancel.focus();
    live.textContent = '开始上传 ' + file.name;
  }

  function progress(form, loaded, total) {
    var upload = form.upload;
    if (!upload || upload.received) { return; }
    if (loaded >= total) {
      upload.received = true;
      upload.bar.removeAttribute('value');
      upload.words.textContent = upload.live.textContent = upload.receivedWords;
      upload.cancel.hidden = true;
      return;
    }
    var seconds = (Date.now() - upload.began) / 1000;
    var percent = Math.floor(loaded * 100 / total);
    upload.bar.value = percent;
    upload.words.textContent = percent + '% · ' + megabytes(loaded) + ' / ' + megabytes(total) + 'M' +
      (seconds > 0.5 ? ' · ' + megabytes(loaded / seconds) + 'M/s' : '');
  }

  function stop(form) {
    var place = sending.indexOf(form);
    if (place >= 0) { sending.splice(place, 1); }
    var cell = cellOf(form);
    if (cell) {
      cell.classList.remove('is-sending');
      clear(cell);
    }
  }

  function lineLost(form) {
    var again = form.upload.again;
    stop(form);
    var cell = cellOf(form);
    var line = say(cell, 'cell-error', '上传中断，文件没有保存，原来的没有变动。');
    offer(line, '重试', again);
  }

  document.addEventListener('change', function (event) {
    if (event.target.type === 'file' && event.target.closest('.upload')) {
      choose(event.target.form, event.target.files[0]);
    }
  });

  ['dragenter', 'dragover', 'dragleave', 'drop'].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      var cell = event.target.closest ? event.target.closest('.scan-cell') : null;
      var form = cell && cell.querySelector('.upload');
      if (!form) {
        // A file dropped beside a cell must not replace the page.
        if (kind === 'dragover' || kind === 'drop') { event.preventDefault(); }
        return;
      }
      event.preventDefault();
      cell.classList.toggle('is-over', kind === 'dragenter' || kind === 'dragover');
      if (kind === 'drop' && sending.indexOf(form) < 0) {
        if (event.dataTransfer.files.length > 1) {
          say(cell, 'cell-error', '每名团员 1 份 PDF，一次只能放 1 个文件。');
          return;
        }
        form.querySelector('input[type=file]').files = event.dataTransfer.files;
        choose(form, event.dataTransfer.files[0]);
      }
    });
  });

  /* ---- what the server answered ---- */

  // 检查中… asks by itself: when that fails nobody is told, and it asks again.
  function isQuiet(element) { return !!element && element.hasAttribute && element.hasAttribute('data-quiet'); }

  function askLater(element) {
    window.setTimeout(function () {
      if (document.body.contains(element)) { window.htmx.trigger(element, 'again'); }
    }, 20000);
  }

  document.addEventListener('htmx:xhr:progress', function (event) {
    if (event.target.classList.contains('upload') && event.detail.lengthComputable) {
      progress(event.target, event.detail.loaded, event.detail.total);
    }
  });
  document.addEventListener('htmx:beforeOnLoad', function (event) {
    // On to another page: nothing is lost by leaving this one.
    if (event.detail.xhr.getResponseHeader('HX-Redirect') && sending.indexOf(event.target) >= 0) { stop(event.target); }
  });
  document.addEventListener('htmx:beforeSwap', function (event) {
    var form = event.detail.requestConfig && event.detail.requestConfig.elt;
    if (event.detail.xhr.status >= 400 && isQuiet(form)) {
      if (event.detail.xhr.status >= 500) { askLater(form); }
      return;
    }
    if (event.detail.xhr.status >= 400) {
      // Errors come as a message for #messages (HX-Retarget): let it in.
      event.detail.shouldSwap = true;
      event.detail.isError = false;
      window.scrollTo(0, 0);
    }
    if (form && sending.indexOf(form) >= 0) { stop(form); }
  });
  document.addEventListener('htmx:sendError', function (event) {
    var element = event.target;
    if (isQuiet(element)) {
      askLater(element);
      return;
    }
    if (element.classList && element.classList.contains('upload')) {
      lineLost(element);
      return;
    }
    var box = document.getElementById('messages');
    box.textContent = '';
    var message = make('div', 'message message-wrong');
    message.setAttribute('role', 'alert');
    message.appendChild(make('p', '', '连不上服务器，没有任何改动。请检查网络后再试一次。'));
    box.appendChild(message);
  });
  document.addEventListener('htmx:sendAbort', function (event) {
    if (event.target.classList.contains('upload')) {
      stop(event.target);
      event.target.reset();
      say(cellOf(event.target), 'cell-notice', '已取消，没有上传。');
    }
  });
  document.addEventListener('htmx:afterSettle', function (event) {
    var box = event.detail.elt;
    var pressed = event.detail.requestConfig && event.detail.requestConfig.elt;
    // Another page of a list is read from its beginning.
    if (pressed && pressed.closest && pressed.closest('.pager')) {
      box.setAttribute('tabindex', '-1');
      box.focus();
      box.scrollIntoView();
      return;
    }
    // Where the focused thing was swapped away, go on at the sensible one in its place.
    if (document.activeElement && document.activeElement !== document.body) { return; }
    if (box.id === 'member-list' || box.id === 'tree') { return; }
    var next = box.matches && box.matches('[data-focus]') ? box : box.querySelector('[data-focus], input[type=file]');
    if (next) { next.focus(); }
  });

  window.addEventListener('beforeunload', function (event) {
    var dirty = document.querySelector('form.is-dirty');
    if (sending.length || dirty) {
      event.preventDefault();
      event.returnValue = '';
    }
  });

  /* ---- forms ---- */

  document.addEventListener('input', function (event) {
    var form = event.target.form;
    if (form && form.hasAttribute('data-guard')) { form.classList.add('is-dirty'); }
  });
  document.addEventListener('submit', function (event) {
    var form = event.target;
    form.classList.remove('is-dirty');
    if (form.hasAttribute('hx-post') || form.hasAttribute('hx-get')) { return; }
    if (form.sent) { // a double click sends once
      event.preventDefault();
      return;
    }
    form.sent = true;
    window.setTimeout(function () { form.sent = false; }, 5000);
  });
  window.addEventListener('pageshow', function () {
    for (var i = 0; i < document.forms.length; i++) { document.forms[i].sent = false; }
  });

  /* ---- numbers are copied without their spaces ---- */

  document.addEventListener('copy', function (event) {
    var text = String(window.getSelection());
    if (/^\s*\d{4} \d{4} \d{4}\s*$/.test(text)) {
      event.clipboardData.setData('text/plain', text.replace(/\s/g, ''));
      event.preventDefault();
    }
  });

  /* ---- numbers are typed in groups, while the caret is at the end ---- */

  document.addEventListener('input', function (event) {
    var box = event.target;
    var size = Number(box.getAttribute && box.getAttribute('data-groups'));
    if (!size || box.selectionStart !== box.value.length || /[^\d ]/.test(box.value)) { return; }
    var groups = box.value.replace(/ /g, '').match(new RegExp('.{1,' + size + '}', 'g'));
    box.value = groups ? groups.join(' ') : '';
  }, true);

  /* ---- the tree opens and closes ---- */

  document.addEventListener('click', function (event) {
    var twisty = event.target.closest ? event.target.closest('.twisty') : null;
    if (!twisty) { return; }
    var row = twisty.closest('tr');
    var open = twisty.getAttribute('aria-expanded') === 'true';
    twisty.setAttribute('aria-expanded', String(!open));
    twisty.textContent = open ? '▸' : '▾';
    if (!open) {
      window.htmx.trigger(twisty, 'open');
      return;
    }
    var level = Number(row.getAttribute('data-level'));
    while (row.nextElementSibling && Number(row.nextElementSibling.getAttribute('data-level')) > level) {
      row.parentNode.removeChild(row.nextElementSibling);
    }
  });

  document.addEventListener('click', function (event) {
    if (event.target.hasAttribute && event.target.hasAttribute('data-print')) { window.print(); }
  });

  /* ---- installed on a phone: static files are kept, and a page for when there is no network ---- */

  document.addEventListener('DOMContentLoaded', function () {
    // Offered by secure pages alone, and switched off in some built-in browsers: then all goes on without.
    if (document.body.classList.contains('card-page') && navigator.serviceWorker) {
      navigator.serviceWorker.register('/service-worker.js').catch(function () {});
    }
  });

  document.addEventListener('DOMContentLoaded', function () {
    var first = document.querySelector('.message[data-focus]');
    if (first) { first.focus(); }
    // What was typed while the scripts were on their way is searched now.
    var searches = document.querySelectorAll('form.search[hx-get]');
    for (var i = 0; i < searches.length; i++) {
      var box = searches[i].querySelector('#q');
      if (box && box.value !== box.defaultValue) { window.htmx.trigger(searches[i], 'submit'); }
    }
  });
}());
