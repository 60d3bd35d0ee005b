# shellcheck shell=bash
# What `./run test` does; read by ./run, whose `root`, `jobs`, `program`, `build` and `die` it uses.

# The Python package is built and tested in a virtual environment that sees the system's packages.
venv="$root/build/venv"
setup_python() {
  [[ -x $venv/bin/python ]] || /usr/bin/python3 -m venv --system-site-packages "$venv" || return 1
  "$venv/bin/python" -c 'import nanobind' 2>/dev/null ||
    "$venv/bin/python" -m pip install --quiet --retries 1 nanobind==3.1.0
}
python_options=(-DPLUMB_PYTHON=ON "-DPython_EXECUTABLE=$venv/bin/python")

# The page is not built again with sanitizers: the dev build has it, and the web tests run there.
page_of_dev() {
  local page="$root/build/dev/web/dist/index.html"
  if [[ -f $page ]]; then echo "-DPLUMB_REPORT_PAGE=$page"; else echo '-DPLUMB_PAGE=OFF'; fi
}

run_tests() {
  local failed=() python=(-DPLUMB_PYTHON=OFF) left_out='the Python package (nanobind could not be fetched from PyPI)'
  if setup_python; then
    python=("${python_options[@]}")
    left_out=
  fi
  build dev all "${python[@]}"
  build asan unit_tests "$(page_of_dev)"
  (cd "$root" && ctest --preset dev -j "$jobs") || failed+=(dev)
  (cd "$root" && ctest --preset asan -j "$jobs" -L unit) || failed+=(asan)
  [[ -z $left_out ]] || echo "run: not tested: $left_out"
  ((${#failed[@]} == 0)) || die_with_failures "${failed[@]}"
  run_demo_test || die 'tests failed: the demo of the release build'
}

# What `./run demo` does: other flags than the tests' builds have, other warnings, and all that a newcomer sees first.
run_demo_test() {
  local folder code=0
  folder=$(mktemp -d)
  build release plumb_program &&
    "$program" demo --directory "$folder" >"$folder/words" &&
    grep -q 'cured' "$folder/words" && [[ -s $folder/plumb-demo.html ]] || { code=1 && cat "$folder/words" || true; }
  rm -rf "$folder"
  return $code
}

# Names what failed in each preset and says it once more, below the thousands of lines of what passed.
die_with_failures() {
  local preset
  for preset; do
    echo "run: failed in $preset:"
    cat "$root/build/$preset/Testing/Temporary/LastTestsFailed.log" || true
    echo 'run: these once more, alone:'
    (cd "$root" && ctest --preset "$preset" --rerun-failed --timeout 300 2>&1 | tail -n 150) || true
  done
  die "tests failed: $*"
}

run_python_tests() {
  setup_python || die 'nanobind could not be fetched from PyPI'
  build dev 'plumb_core_module plumb_program' "${python_options[@]}"
  (cd "$root" && ctest --preset dev -j "$jobs" -L python) || die 'tests failed: python'
}

# A file of tests at a time, each in a process of its own, with the Python of an environment in build/. It sees no other
# folder than its own: where JAX is not installed, one named jax would be taken for it. The longest takes three minutes of
# a processor; what takes half an hour hangs, and has failed.
run_python_files() {
  local environment=$1 test code=0
  shift
  for test; do
    (cd "$root/tests/python/$(dirname "$test")" && PYTHONPATH="$root/build/dev/python/package" \
      OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1 PLUMB_PROGRAM="$root/build/dev/bin/plumb" \
      TORCHINDUCTOR_CACHE_DIR="$root/build/inductor" timeout 1800 "$root/build/$environment/bin/python" -W ignore::DeprecationWarning \
      -m unittest -q "$(basename "$test" .py)") || { echo "run: failed with $environment: $test" && code=1; }
  done
  return $code
}

# The same module and tests, with another torch: the module is linked to none.
run_torch2_tests() {
  /usr/bin/python3 "$root/tools/setup_torch2.py" "$root/build/venv-torch2" || die 'no PyTorch 2 to test with'
  local tests
  mapfile -t tests < <(cd "$root/tests/python" && ls test_*.py)
  run_python_files venv-torch2 "${tests[@]}" || die 'tests failed: python with PyTorch 2'
  KERAS_BACKEND=torch run_python_files venv-torch2 keras/test_keras.py || die 'tests failed: python with Keras on PyTorch'
}

# As a user gets it: pip builds it, and it is used where nothing else is installed.
run_wheel_tests() {
  local code=0
  /usr/bin/python3 "$root/tools/check_wheel.py" "$root/build/dev/bin/plumb" "$root/build/wheels" \
    --torch /usr/bin/python3 --torch "$root/build/venv-torch2/bin/python" || code=$?
  case $code in
    0) ;;
    77) echo 'run: not tested: pip install ./python (what it needs could not be fetched)' ;;
    *) die 'tests failed: pip install ./python' ;;
  esac
}

# The tables that scikit-learn carries, as a newcomer loads them.
run_table_tests() {
  local venv="$root/build/venv-tables"
  [[ -x $venv/bin/python ]] || /usr/bin/python3 -m venv "$venv"
  "$venv/bin/python" -c 'import sklearn' 2>/dev/null || "$venv/bin/python" -m pip install --quiet scikit-learn==1.9.1 ||
    die 'no scikit-learn to test with'
  "$venv/bin/python" "$root/tools/check_tables.py" "$root/build/dev/bin/plumb" || die "tests failed: scikit-learn's tables"
}

# In an environment of its own: Debian's numpy is too old for it.
run_jax_tests() {
  local jax="$root/build/venv-jax"
  [[ -x $jax/bin/python ]] || /usr/bin/python3 -m venv "$jax"
  KERAS_BACKEND=jax "$jax/bin/python" -c 'import jax, flax, equinox, optax, keras' 2>/dev/null ||
    "$jax/bin/python" -m pip install --quiet jax==0.10.2 flax==0.12.8 equinox==0.13.8 optax==0.2.8 keras==3.15.1 ||
    die 'no JAX to test with'
  JAX_PLATFORMS=cpu run_python_files venv-jax jax/test_jax.py jax/test_devices.py jax/test_diagnosis_jax.py jax/test_loss_jax.py || die 'tests failed: python with JAX'
  JAX_PLATFORMS=cpu KERAS_BACKEND=jax run_python_files venv-jax keras/test_keras.py || die 'tests failed: python with Keras on JAX'
}

# The dashboard's test with many runs at once and 50 times as many hostile requests, and what it costs.
run_dashboard_at_length() {
  local chromium
  /usr/bin/python3 "$root/tests/cli/serve_test.py" "$root/build/dev/bin/plumb" 20 100000 ||
    die 'tests failed: the dashboard at length'
  chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || return 0
  node "$root/tests/serve/load.mjs" "$chromium" "$root/build/dev/bin/plumb" "$root/build/dev/tests/serve/growing_runs" \
    "$root/build/dev/tests/serve/load" || die 'tests failed: the dashboard under load'
}

# Not in every test run: these folders use threads, and this is a build of its own.
run_thread_tests() {
  local folder failed=()
  local folders=(core nn optim store train attach serve cure)
  build tsan "${folders[*]/#/test_}" "$(page_of_dev)"
  for folder in "${folders[@]}"; do
    # Damaged files are read by one thread alone, and here for minutes; what a kill may lose is held in seconds.
    TSAN_OPTIONS="suppressions=$root/tools/tsan_suppressions.txt" \
      "$root/build/tsan/tests/$folder/test_$folder" --gtest_brief=1 --gtest_filter='-DamageTest.*:*KillTest*' ||
      failed+=("$folder")
  done
  ((${#failed[@]} == 0)) || die "tests failed: ${failed[*]}"
}

# The other compiler sees other things, and libraries are built by it too.
run_clang_tests() {
  build clang unit_tests "$(page_of_dev)"
  (cd "$root" && ctest --preset clang -j "$jobs" -L unit) || die_with_failures clang
}

# The share of the library's lines that the unit tests reach, by folder; every line with its count is in the page.
run_coverage() {
  local build_folder="$root/build/coverage"
  build coverage unit_tests "$(page_of_dev)"
  find "$build_folder" -name '*.gcda' -delete
  # Counting costs time, which is not what is tested here; only what a run reaches is.
  (cd "$root" && ctest --preset coverage -j "$jobs" -L unit --timeout 900) || die_with_failures coverage
  /usr/bin/python3 "$root/tools/line_coverage.py" "$build_folder" || die 'no line coverage'
}

# A build folder beside dev, with its ccache: FOLDER 'TARGETS' OPTIONS.
build_beside_dev() {
  local folder="$root/build/$1" targets=$2
  shift 2
  # shellcheck disable=SC2086 # one word a target
  (cd "$root" && export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1 &&
    cmake --preset dev -B "$folder" -DPLUMB_PYTHON=OFF "$(page_of_dev)" "$@" &&
    cmake --build "$folder" -j "$jobs" --target $targets)
}

# plumb/attach/libtorch.h with Debian's libtorch, beside Python's watch on the same models; then with PyPI's PyTorch 2.
run_libtorch_tests() {
  local targets='test_attach_libtorch watched_models example_libtorch' torch2="$root/build/venv-torch2/bin/python"
  build_beside_dev libtorch "$targets" -DPLUMB_LIBTORCH=ON
  (cd "$root/build/libtorch" && ctest -L libtorch && ./examples/example_libtorch) || die 'tests failed: libtorch'
  PYTHONPATH="$root/build/dev/python/package" OMP_NUM_THREADS=1 /usr/bin/python3 "$root/tests/attach/libtorch/same_as_python.py" \
    "$root/build/libtorch/tests/attach/libtorch/watched_models" "$root/build/dev/bin/plumb" -q ||
    die 'tests failed: libtorch beside Python'
  build_beside_dev libtorch2 "$targets" -DPLUMB_LIBTORCH=ON \
    "-DTorch_ROOT=$("$torch2" -c 'import torch; print(torch.__path__[0])')"
  (cd "$root/build/libtorch2" && ctest -L libtorch && ./examples/example_libtorch) || die 'tests failed: libtorch of PyTorch 2'
}

# The whole program under mpirun.
run_mpi_tests() {
  build_beside_dev mpi plumb_program -DPLUMB_MPI=ON -DPLUMB_TESTS=OFF -DPLUMB_EXAMPLES=OFF
  OMP_NUM_THREADS=1 /usr/bin/python3 "$root/tests/cli/ranks_test.py" "$root/build/mpi/bin/plumb" || die 'tests failed: ranks'
}
