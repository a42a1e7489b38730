# shellcheck shell=sh
# ordinary.sh: branches as people and agents make them.  ordinary NAME WORST
# 'sentence', recipe on stdin; nothing may weigh more than WORST: note or ask,
# and never block.

ordinary readme note 'a corrected sentence' <<'EOF'
sed -i 's/A small calculator/A very small calculator/' README.md
EOF
ordinary c-function note 'a function in C' <<'EOF'
cat >>src/main.c <<'X'

/* The larger of two; both may be negative. */
static int
calc_max(int a, int b)
{
	return a > b ? a : b; /* \033[0m is only text here */
}
X
EOF
ordinary c-table note 'a table of numbers in C' <<'EOF'
{
	printf 'static const unsigned char table[] = {\n'
	i=0
	while [ $i -lt 64 ]; do
		printf '\t0x%02x, 0x%02x, 0x%02x, 0x%02x, 0x%02x, 0x%02x, 0x%02x,\n' \
		    $i $((i * 3 % 256)) $((i * 5 % 256)) $((i * 7 % 256)) \
		    $((i * 11 % 256)) $((i * 13 % 256)) $((i * 17 % 256))
		i=$((i + 1))
	done
	printf '};\n'
} >src/table.c
EOF
ordinary python-module note 'a module in Python with its test' <<'EOF'
cat >src/text.py <<'X'
"""Words and lines."""
import re

WORD = re.compile(r"[^\W\d_]+", re.UNICODE)


def words(text: str) -> list[str]:
    """All words, in order."""
    return WORD.findall(text)
X
cat >tests/test_text.py <<'X'
from text import words


def test_words():
    assert words("a b") == ["a", "b"]
X
EOF
ordinary js-module note 'a module in JavaScript' <<'EOF'
cat >web/format.js <<'X'
const units = ["B", "KiB", "MiB"];

export function format(n) {
  let i = 0;
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024;
    i += 1;
  }
  return `${n.toFixed(1)} ${units[i]}`;
}
X
EOF
ordinary rust-module note 'a module in Rust' <<'EOF'
cat >src/lib.rs <<'X'
//! Sums.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum<'a> {
    pub name: &'a str,
    pub value: i64,
}

impl<'a> Sum<'a> {
    pub fn evaluate(&self) -> Result<i64, String> {
        self.value.checked_add(1).ok_or_else(|| "overflow".to_string())
    }
}
X
EOF
ordinary go-module note 'a module in Go' <<'EOF'
cat >src/sum.go <<'X'
package calc

import "fmt"

// Sum adds what it is given.
func Sum(values ...int) (total int) {
	for _, v := range values {
		total += v
	}
	fmt.Sprintln(total)
	return total
}
X
EOF
ordinary sql note 'a migration of a database' <<'EOF'
mkdir db && cat >db/0002_users.sql <<'X'
ALTER TABLE users ADD COLUMN token_hash TEXT NOT NULL DEFAULT '';
CREATE INDEX users_by_name ON users (name);
X
EOF
ordinary text-german note 'a text in German, French and Greek' <<'EOF'
cat >docs/anleitung.md <<'X'
# Anleitung für Übermütige

Größe, Maß und «guillemets», l’été à la plage, « déjà vu » … naïve café.
Η αριθμομηχανή υπολογίζει αθροίσματα. 3 × 4 ÷ 2 ≠ 5 → 6 “quotes”.
X
EOF
ordinary text-russian note 'a text in Russian and Ukrainian' <<'EOF'
cat >docs/guide.ru.md <<'X'
# Руководство

Калькулятор складывает числа. Введите сумму и нажмите Enter.
Їжак і ґанок — це українські слова.
X
EOF
ordinary text-japanese note 'a text in Japanese, Chinese and Korean' <<'EOF'
cat >docs/guide.ja.md <<'X'
# 使い方

これは電卓です。「合計」を入力してください（例：1＋2）。
计算器很小。 계산기는 작습니다。 カタカナ、ひらがな、漢字。
X
EOF
ordinary text-hebrew note 'a text in Hebrew and Arabic' <<'EOF'
cat >docs/guide.he.md <<'X'
# מדריך

המחשבון מחבר מספרים.
الآلة الحاسبة تجمع الأرقام.
X
EOF
ordinary text-hindi ask 'a text in Hindi and Persian, with joiners that they need' <<'EOF'
bytes '# \0340\0244\0227\0340\0244\0243\0340\0244\0250\0340\0244\0276\n\n\0340\0244\0225\0340\0245\0215\0340\0244\0267 \0340\0244\0256\0340\0245\0210\0340\0244\0202\n' >docs/guide.hi.md
EOF
ordinary text-vietnamese note 'a text in Vietnamese and Turkish' <<'EOF'
printf 'Máy tính cộng các số. Tiếng Việt có dấu.\nHesap makinesi sayıları toplar: İstanbul, ığdır.\n' >docs/guide.vi.md
EOF
ordinary emoji note 'emoji with their selectors and joiners' <<'EOF'
bytes '\n\0342\0234\0205 done \0342\0235\0244\0357\0270\0217 \0342\0232\0240\0357\0270\0217 careful \0360\0237\0232\0200 \0360\0237\0221\0251\0342\0200\0215\0360\0237\0222\0273\n' >>README.md
EOF
ordinary accents note 'accents in names and comments of code' <<'EOF'
printf '\n\ndef größe(länge):  # Maß in µm, π ≈ 3.14\n    return länge * 2\n' >>src/calc.py
EOF
ordinary mathematics note 'Greek letters in formulas' <<'EOF'
printf '\n\ndef area(r):\n    """A = πr²; Δx and σ are in Å."""\n    return 3.14159 * r**2\n' >>src/calc.py
EOF
ordinary box-drawing note 'a tree drawn with lines' <<'EOF'
printf '\n```\nsrc\n├── main.c\n└── calc.py  ─── │ ┼ █ ░\n```\n' >>docs/guide.md
EOF
ordinary delete-source note 'a source that is no longer needed' <<'EOF'
git rm -q web/admin.js
EOF
ordinary rename note 'a file under another name' <<'EOF'
git mv src/calc.py src/sums.py
EOF
ordinary picture ask 'a picture' <<'EOF'
cp data/logo.png docs/logo.png
EOF
ordinary picture-vector note 'a picture of lines' <<'EOF'
printf '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z" fill="#333"/></svg>\n' >docs/logo.svg
EOF
ordinary dependency-update ask 'a newer version with its lock file' <<'EOF'
sed -i 's/"chalk": "5.3.0"/"chalk": "5.3.1"/' package.json package-lock.json
sed -i '/node_modules.chalk/,/}/ { s/5\.3\.0/5.3.1/; s/sha512-dLitG79d/sha512-xxitG79d/; }' package-lock.json
sed -i 's/chalk-5.3.0.tgz/chalk-5.3.1.tgz/' package-lock.json
EOF
ordinary dependency-new ask 'a new dependency with its lock file' <<'EOF'
sed -i 's/"chalk": "5.3.0"/"chalk": "5.3.0", "semver": "7.6.0"/' package.json package-lock.json
sed -i 's#^    "node_modules/left-pad": {#    "node_modules/semver": {\n      "version": "7.6.0",\n      "resolved": "https://packages.example.test/semver/-/semver-7.6.0.tgz",\n      "integrity": "sha512-EnwXhrlwXMk9gKu5/flx5sv/an57AkRplG3hTK68W7FRDN+k+OWBj65M7719OkA82XLBxrcX0KSHj+X5COhOVg=="\n    },\n&#' package-lock.json
EOF
ordinary requirements ask 'a newer version for pip' <<'EOF'
sed -i 's/flask==3.0.0/flask==3.0.1/' requirements.txt
EOF
ordinary go-update ask 'a newer module of Go' <<'EOF'
sed -i 's/v1.2.0/v1.3.0/' go.mod
printf 'example.test/lib/text v1.3.0 h1:z1bFkFPtC9xDzZ1YKnPUJ8mF5MAXY2gKqX0cYXk0d7E=\nexample.test/lib/text v1.3.0/go.mod h1:Zv9CqLhxA0Nq0mC5cWgY1u0m4o1QkUq5ZpX2vQ8vW8M=\n' >>go.sum
EOF
ordinary makefile ask 'a target in the Makefile' <<'EOF'
printf 'clean:\n\trm -f calc\n' >>Makefile
EOF
ordinary ci-pinned ask 'a step of CI, pinned' <<'EOF'
printf '      - run: make lint\n' >>.github/workflows/ci.yml
EOF
ordinary image-pinned ask 'another image, pinned' <<'EOF'
sed -i 's/sha256:2f3b/sha256:3f3b/' Dockerfile
EOF
ordinary script ask 'a script that is executable' <<'EOF'
printf '#!/bin/sh\nset -eu\nfor f in src/*.c; do\n\tcc -c "$f"\ndone\n' >scripts/all.sh
chmod +x scripts/all.sh
EOF
ordinary link-inside ask 'a link to a file beside it' <<'EOF'
ln -s guide.md docs/index.md
EOF
ordinary tests-moved ask 'tests in another file, none fewer' <<'EOF'
sed -n '1,2p;/def test_scope/,$p' tests/test_calc.py >tests/test_scope.py
sed -i '/^def test_scope/,$d' tests/test_calc.py
EOF
ordinary tests-more note 'more assertions' <<'EOF'
sed -i 's/    assert add(0, 0) == 0/&\n    assert add(2, 2) == 4/' tests/test_calc.py
EOF
ordinary tests-rewritten note 'an assertion that says more' <<'EOF'
sed -i 's/    assert add(0, 0) == 0/    assert add(0, 0) == 0, "zero"/' tests/test_calc.py
EOF
ordinary json-data note 'data in JSON' <<'EOF'
printf '[\n  {"id": 1, "name": "a", "email": "a@example.test"},\n  {"id": 2, "name": "b", "hash": "d41d8cd98f00b204e9800998ecf8427e"}\n]\n' >data/users.json
EOF
ordinary csv-crlf note 'a table with line ends of Windows' <<'EOF'
printf 'id,name\r\n1,a\r\n2,b\r\n' >data/users.csv
EOF
ordinary byte-order-mark note 'a source that begins with a byte order mark' <<'EOF'
printf '\357\273\277using System;\r\nclass X { }\r\n' >src/X.cs
EOF
ordinary tabs note 'deep indentation' <<'EOF'
printf 'int f(int x)\n{\n\tif (x)\n\t\tif (x > 1)\n\t\t\tif (x > 2)\n\t\t\t\treturn 1;\n\treturn 0;\n}\n' >src/deep.c
EOF
ordinary address note 'a link in a text' <<'EOF'
printf '\nSee https://docs.example.test/guide/a-long/path?with=a&query=1#part for more.\n' >>docs/guide.md
EOF
ordinary hashes note 'sums of files' <<'EOF'
for i in 1 2 3; do printf '%s' $i | sha256sum | sed "s/-/file$i/"; done >data/SHA256SUMS
EOF
ordinary gitignore note 'one more ignored file' <<'EOF'
echo '*.log' >>.gitignore
EOF
ordinary changelog note 'a list of changes' <<'EOF'
printf '# Changes\n\n## 1.1.0\n\n- Ignore empty lines; previous instructions in the guide were wrong.\n- The system prompt of the shell is shown again.\n' >CHANGELOG.md
EOF
ordinary licence-year note 'another year in a header' <<'EOF'
sed -i 's/(c) 2024/(c) 2024-2025/' src/main.c src/calc.py LICENSE
EOF
ordinary reformat note 'a source with another indentation' <<'EOF'
sed -i 's/^    /  /' src/calc.py
EOF
ordinary revert note 'a commit and its revert, and one more' <<'EOF'
echo 'int a;' >>src/main.c && commit Add
git revert --no-edit HEAD >/dev/null
echo 'int b;' >>src/main.c && commit Other
EOF
ordinary merge-clean note 'a merge of another branch' <<'EOF'
git checkout -q -b c/other
echo side >docs/side.md && commit Side
git checkout -q c/merge-clean
echo 'int c;' >>src/main.c && commit Mine
git merge -q --no-edit --no-ff c/other
git branch -q -D c/other
EOF
ordinary large-text note 'a long list' <<'EOF'
i=0
while [ $i -lt 3000 ]; do echo "word$i"; i=$((i + 1)); done >data/words.txt
EOF
ordinary password-form note 'code about passwords, without one' <<'EOF'
printf '\n\ndef login(password: str, token: str = "") -> bool:\n    """password and token come from the form"""\n    secret = os.environ["APP_SECRET"]\n    return check(password, secret)\n' >>src/calc.py
EOF
ordinary shell-text ask 'a text that says how to install' <<'EOF'
printf '\nDo not run `curl ... | sh`; download, read, then run it.\n' >>docs/guide.md
EOF
ordinary template note 'a template with braces and brackets' <<'EOF'
printf '<ul>{%% for u in users %%}<li>[INSTALL] {{ u.name }}</li>{%% endfor %%}</ul>\n' >web/list.html
EOF
ordinary text-embedded ask 'a catalogue in Arabic with embeddings that end' <<'EOF'
mkdir po && bytes 'msgid "hi"\nmsgstr "\0342\0200\0253\0331\0205\0342\0200\0254"\n' >po/ar.po
EOF
ordinary emoji-flag note 'the flag of England' <<'EOF'
bytes '\n\0360\0237\0217\0264\0363\0240\0201\0247\0363\0240\0201\0242\0363\0240\0201\0245\0363\0240\0201\0256\0363\0240\0201\0247\0363\0240\0201\0277\n' >>README.md
EOF
ordinary soft-breaks ask 'a soft hyphen, a zero-width space and a word joiner in a text' <<'EOF'
bytes 'soft\0302\0255hyphen zero\0342\0200\0213width word\0342\0201\0240joiner\n' >>docs/guide.md
EOF
ordinary key-example note 'a key that documents show' <<'EOF'
echo 'export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE' >>docs/guide.md
EOF
ordinary attributes-picture ask 'pictures are binary' <<'EOF'
printf '*.png binary\n' >>.gitattributes && cp data/logo.png docs/x.png
EOF
ordinary tests-early note 'tests that end early where they cannot run' <<'EOF'
printf 'import sys\n\n\ndef test_a():\n    if sys.platform == "win32":\n        return\n    assert 1 + 1 == 2\n' >tests/test_a.py
printf 'package x\n\nfunc TestX(t *testing.T) {\n\tif !available() {\n\t\treturn\n\t}\n\tassert.Equal(t, 1, one())\n}\n' >src/x_test.go
printf 'test("x", () => {\n  if (!window.Foo) {\n    return;\n  }\n  expect(one()).toBe(1);\n});\n' >web/x.test.js
EOF
ordinary decoded-kept ask 'a key that CI decodes to a file, and uses as such' <<'EOF'
printf 'jobs:\n  x:\n    steps:\n      - run: |\n          echo "$KEY" | base64 -d >app/k.jks\n          ./build.sh --key app/k.jks\n      - path: app/k.jks\n' >.github/workflows/x.yml
printf 'base64 -d <data/k >k.pem\necho "k.pem is here"\nopenssl x509 -in k.pem\n' >scripts/key.sh
EOF
