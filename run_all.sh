#!/usr/bin/env bash
# Make the environment, then run every notebook in order. `./run_all.sh --help` lists the options.
set -euo pipefail
export VMNET_CALLED_FROM=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$PWD

fail() { printf 'run_all.sh: %s\n' "$1" >&2; exit 1; }

is_python_311() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in "${VMNET_PYTHON:-}" python3.11 python3 python; do
        if [ -n "$candidate" ] && is_python_311 "$candidate"; then echo "$candidate"; return; fi
    done
    fail 'Python 3.11 is needed and was not found; install it, or name it: VMNET_PYTHON=/path/to/python3.11 ./run_all.sh'
}

# Count the packages that pip names, each once, wherever it has them from: a line per forty packages
# in a log, one line that is overwritten on a terminal. setuptools, which pip names too, is not pinned.
show_progress() {
    local line name count=0 seen=' ' wanted=$1
    while IFS= read -r line; do
        case $line in
            Collecting*) name=${line#Collecting } ;;
            Processing*.whl*) name=${line%%.whl*}; name=${name##*/}; name=${name%%-*} ;;
            'Requirement already satisfied: '*) name=${line#*: } ;;
            'Installing collected'*) printf '%s  %3d of %d packages: installing\n' "$([ -t 1 ] && printf '\r\033[K')" "$count" "$wanted"; continue ;;
            *) continue ;;
        esac
        name=$(printf %s "${name%%[^A-Za-z0-9._-]*}" | tr A-Z.- a-z__)
        case $seen in *" $name "*) continue ;; esac
        seen="$seen$name "
        [ "$name" != setuptools ] || continue
        count=$((count + 1))
        if [ -t 1 ]; then printf '\r\033[K  %3d of %d packages looked up: %s' "$count" "$wanted" "$name"
        elif [ $((count % 40)) = 0 ]; then printf '  %3d of %d packages looked up\n' "$count" "$wanted"; fi
    done
}

# An activated conda environment made from environment.yml is used as it is; otherwise .venv is made.
set_up() {
    if [ -n "${CONDA_PREFIX:-}" ] && "$CONDA_PREFIX/bin/python" -c 'import importlib.metadata as m; m.version("vmnet")' 2>/dev/null; then
        python=$CONDA_PREFIX/bin/python
    else
        python=$root/.venv/bin/python
        local wanted stamp=$root/.venv/.vmnet-stamp
        wanted=$({ cat pyproject.toml constraints.txt; echo "$root"; "$base_python" -VV; } | cksum)
        if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
            make_venv
            echo "$wanted" > "$stamp"
        fi
    fi
    "$python" -m vmnet.cli prepare
}

make_venv() {
    local started=$SECONDS log=$root/.venv/install.log wanted
    wanted=$(grep -c == constraints.txt)
    echo "Set-up: $wanted packages, 4.6 GB on disk, a few minutes; done once." >&2
    "$python" -m pip --version > /dev/null 2>&1 || "$base_python" -m venv --clear .venv
    # "wheels only" keeps compilers out of the set-up; vmnet itself is linked, not copied.
    "$python" -m pip install --disable-pip-version-check --no-input --only-binary :all: \
        --constraint constraints.txt --editable '.[dev]' 2> "$log" | show_progress "$wanted" >&2 \
        || { tail -n 5 "$log" >&2; fail "the set-up failed; the whole log is in .venv/install.log. Run the same command again to go on."; }
    echo "Set-up done in $((SECONDS - started)) s." >&2
}

base_python=$(find_python)
# Options are read before anything is installed, so that a mistyped one costs nothing.
action=$(PYTHONPATH=$root "$base_python" -m vmnet.runner --action "$@") || exit $?
case $action in
    help) # the installed one lists the names of segmenters, features and the like
        if [ -x .venv/bin/python ]; then base_python=.venv/bin/python; fi
        PYTHONPATH=$root exec "$base_python" -m vmnet.runner --help ;;
esac
set_up
case $action in
    set-up) echo 'The environment is ready.' ;;
    tests)
        "$python" -m ruff check .
        "$python" -m ruff format --check .
        "$python" -m mypy
        exec "$python" -m pytest --numprocesses 2 --dist loadfile ;;
    run) exec "$python" -m vmnet.runner "$@" ;;
esac
