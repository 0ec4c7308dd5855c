import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { OperatingSystem } from '../detect/machine.ts';
import { diagnoseBuild } from './diagnose-missing.ts';
import type { Need } from './needs.ts';

const run = suite('diagnoseBuild');

const linux = (id: string, version: string, ...like: string[]): OperatingSystem => ({
  platform: 'linux',
  id,
  like,
  version,
  name: id,
});
const fedora = linux('fedora', '43');
const debian = linux('debian', '13');

/** What cmake 3.25, gcc 12 and nvcc 13.0 really say about whisper.cpp 1.9. */
const texts = {
  glslc: `-- Adding CPU backend variant ggml-cpu: -march=native
CMake Error at /usr/share/cmake-3.25/Modules/FindPackageHandleStandardArgs.cmake:230 (message):
  Could NOT find Vulkan (missing: glslc) (found version "1.3.239")
Call Stack (most recent call first):
  /usr/share/cmake-3.25/Modules/FindPackageHandleStandardArgs.cmake:600 (_FPHSA_FAILURE_MESSAGE)
  /usr/share/cmake-3.25/Modules/FindVulkan.cmake:597 (find_package_handle_standard_args)
  ggml/src/ggml-vulkan/CMakeLists.txt:9 (find_package)


-- Configuring incomplete, errors occurred!
See also "/data/build/CMakeFiles/CMakeOutput.log".`,
  vulkan: `CMake Error at /usr/share/cmake-3.25/Modules/FindPackageHandleStandardArgs.cmake:230 (message):
  Could NOT find Vulkan (missing: Vulkan_LIBRARY Vulkan_INCLUDE_DIR glslc) (found
  version "")`,
  oldVulkan: `/data/ggml/src/ggml-vulkan/ggml-vulkan.cpp: In function ‘void ggml_vk_instance_init()’:
/data/ggml/src/ggml-vulkan/ggml-vulkan.cpp:6559:21: error: ‘LayerSettingEXT’ is not a member of ‘vk’
 6559 |     std::vector<vk::LayerSettingEXT> settings = {
ninja: build stopped: subcommand failed.`,
  spirv: `-- Found Vulkan: /usr/lib/x86_64-linux-gnu/libvulkan.so (found version "1.3.239") found components: glslc missing components: glslangValidator
CMake Error at ggml/src/ggml-vulkan/CMakeLists.txt:14 (find_package):
  Could not find a package configuration file provided by "SPIRV-Headers"
  with any of the following names:

    SPIRV-HeadersConfig.cmake
    spirv-headers-config.cmake
`,
  openvino: `CMake Error at src/CMakeLists.txt:48 (find_package):
  By not providing "FindOpenVINO.cmake" in CMAKE_MODULE_PATH this project has
  asked CMake to find a package configuration file provided by "OpenVINO",
  but CMake did not find one.`,
  blas: `-- Could NOT find BLAS (missing: BLAS_LIBRARIES)
CMake Error at ggml/src/ggml-blas/CMakeLists.txt:98 (message):
  BLAS not found, please refer to
  https://cmake.org/cmake/help/latest/module/FindBLAS.html#blas-lapack-vendors
  to set correct GGML_BLAS_VENDOR`,
  pkgConfig: `-- BLAS found, Libraries: /usr/lib/x86_64-linux-gnu/libopenblas.so
CMake Error at /usr/share/cmake-3.25/Modules/FindPackageHandleStandardArgs.cmake:230 (message):
  Could NOT find PkgConfig (missing: PKG_CONFIG_EXECUTABLE)`,
  cuda: `-- Could not find nvcc, please set CUDAToolkit_ROOT.
CMake Error at ggml/src/ggml-cuda/CMakeLists.txt:268 (message):
  CUDA Toolkit not found`,
  halfCuda: `-- Could NOT find NCCL (missing: NCCL_LIBRARY NCCL_INCLUDE_DIR)
CMake Error at ggml/src/ggml-cuda/CMakeLists.txt:176 (target_link_libraries):
  Target "ggml-cuda" links to:

    CUDA::cublas

  but the target was not found.  Possible reasons include:`,
  compilers: `-- The CXX compiler identification is unknown
CMake Error at CMakeLists.txt:2 (project):
  No CMAKE_CXX_COMPILER could be found.`,
  cCompiler: `CMake Error at CMakeLists.txt:2 (project):
  No CMAKE_C_COMPILER could be found.`,
  ninja: `CMake Error: CMake was unable to find a build program corresponding to "Ninja".  CMAKE_MAKE_PROGRAM is not set.  You probably need to select a different build tool.
CMake Error: CMAKE_C_COMPILER not set, after EnableLanguage
CMake Error: CMAKE_CXX_COMPILER not set, after EnableLanguage`,
  oldCmake: `CMake Error at ggml/src/ggml-vulkan/CMakeLists.txt:1 (cmake_minimum_required):
  CMake 3.19 or higher is required.  You are running version 3.16.3`,
  header: `/data/ggml/src/ggml-blas/ggml-blas.cpp:15:13: fatal error: cblas.h: No such file or directory
   15 | #   include <cblas.h>
compilation terminated.`,
  clangHeader: `ggml-vulkan.cpp:9:10: fatal error: 'vulkan/vulkan.hpp' file not found`,
  library: `/usr/bin/ld: cannot find -lopenblas: No such file or directory
collect2: error: ld returned 1 exit status`,
} as const;

const needOf: Record<keyof typeof texts, Need> = {
  glslc: 'glslc',
  vulkan: 'Vulkan headers and loader',
  oldVulkan: 'Vulkan headers and loader',
  spirv: 'SPIRV-Headers',
  openvino: 'OpenVINO toolkit',
  blas: 'OpenBLAS',
  pkgConfig: 'pkg-config',
  cuda: 'CUDA toolkit',
  halfCuda: 'CUDA toolkit',
  compilers: 'C++ compiler',
  cCompiler: 'C compiler',
  ninja: 'ninja',
  oldCmake: 'cmake',
  header: 'OpenBLAS',
  clangHeader: 'Vulkan headers and loader',
  library: 'OpenBLAS',
};

run('finds the need that is missing', () => {
  for (const [name, text] of Object.entries(texts)) {
    const diagnosis = diagnoseBuild(text, fedora);
    assert.is(diagnosis?.need, needOf[name as keyof typeof texts], name);
    assert.match(diagnosis?.reason ?? '', /\.$/u);
    assert.match(diagnosis?.hint ?? '', /\.$/u);
  }
});

run('names the package as this system does', () => {
  const hint = (name: keyof typeof texts, os: OperatingSystem | undefined): string =>
    diagnoseBuild(texts[name], os)?.hint ?? '';
  assert.is(hint('header', fedora), 'Install or update: openblas-devel.');
  assert.is(hint('header', debian), 'Install or update: libopenblas-dev.');
  assert.is(hint('spirv', debian), 'Install or update: spirv-headers.');
  assert.is(hint('glslc', linux('manjaro', '', 'arch')), 'Install or update: shaderc.');
  assert.match(hint('openvino', debian), /^Install Intel's openvino from its repository/u);
  assert.is(hint('header', undefined), 'Install OpenBLAS.');
});

run('says which header or library it was', () => {
  assert.is(diagnoseBuild(texts.header, fedora)?.reason, 'The header cblas.h is missing: it comes with OpenBLAS.');
  assert.match(diagnoseBuild(texts.library, fedora)?.reason ?? '', 'The library openblas is missing');
  const stranger = diagnoseBuild('x.c:1:10: fatal error: zlib.h: No such file or directory', fedora);
  assert.is(stranger?.need, undefined);
  assert.match(stranger?.reason ?? '', 'The header zlib.h is missing.');
});

run('tells too old from missing', () => {
  assert.match(diagnoseBuild(texts.oldVulkan, fedora)?.reason ?? '', /is too old\.$/u);
  assert.match(diagnoseBuild(texts.oldCmake, fedora)?.reason ?? '', /^cmake is too old\.$/u);
  const debian12 = diagnoseBuild(texts.oldVulkan, linux('debian', '12'));
  assert.match(debian12?.hint ?? '', /^whisper\.cpp needs Vulkan headers of 1\.3\.275/u);
});

run('knows which gcc the CUDA toolkit takes, and how cmake is told of it', () => {
  const text = `/usr/local/cuda-13.0/bin/../targets/x86_64-linux/include/crt/host_config.h:137:2: error: #error -- unsupported GNU version! gcc versions later than 15 are not supported! The nvcc flag '-allow-unsupported-compiler' can be used to override this version check;`;
  const onFedora = diagnoseBuild(text, fedora);
  assert.match(onFedora?.reason ?? '', 'takes gcc up to version 15');
  assert.match(onFedora?.hint ?? '', /package gcc15-c\+\+, .*CMAKE_CUDA_HOST_COMPILER=\/usr\/bin\/g\+\+-15$/u);
  const onRocky = diagnoseBuild(text, linux('rocky', '9.6', 'rhel'));
  assert.match(onRocky?.hint ?? '', /gcc-toolset-15-gcc-c\+\+, .*=\/opt\/rh\/gcc-toolset-15\/root\/usr\/bin\/g\+\+$/u);
  assert.match(diagnoseBuild(text, undefined)?.hint ?? '', 'g++-15');
});

run('tells a toolkit that is too new for the card from one that is too old', () => {
  const says = (architecture: string): string => {
    const text = `    nvcc fatal   : Unsupported gpu architecture 'compute_${architecture}'\n    gmake[1]: *** [main.cu.o] Error 1`;
    const { reason = '', hint = '' } = diagnoseBuild(text, fedora) ?? {};
    return `${reason} ${hint}`;
  };
  assert.match(says('61'), /too new for this card.*6\.1\..*CUDA 12\.9/u);
  assert.match(says('37'), /too new.*3\.7\..*CUDA 11\.8/u);
  assert.match(says('120'), /too old for this card.*12\.0\..*newer CUDA/u);
  assert.match(says('120a'), /too old for this card.*12\.0\./u);
});

run('knows that there is no GPU to ask', () => {
  const text = `CMake Error in ggml/src/ggml-cuda/CMakeLists.txt:
  CUDA_ARCHITECTURES is set to "native", but no GPU was detected.`;
  assert.match(diagnoseBuild(text, fedora)?.hint ?? '', 'CMAKE_CUDA_ARCHITECTURES=86');
});

run('puts a full disk and exhausted memory before all else', () => {
  const full = `/tmp/cck9nxLP.s: Fatal error: can't write 11 bytes to section .text of /dev/full: 'No space left on device'`;
  assert.is(diagnoseBuild(`${texts.header}\n${full}`, fedora)?.reason, 'The disk is full.');
  for (const text of [
    'g++: fatal error: Killed signal terminated program cc1plus',
    'virtual memory exhausted: Cannot allocate memory',
    'cc1plus: out of memory allocating 65536 bytes after a total of 84197376 bytes',
    'nvcc error   : cicc died due to signal 9 (Kill signal)',
  ]) {
    assert.match(diagnoseBuild(text, fedora)?.hint ?? '', '--jobs 1', text);
  }
});

run('does not make up what it does not know', () => {
  for (const text of [
    '',
    '-- Warning: ccache not found - consider installing it for faster compilation\n-- Could NOT find NCCL (missing: NCCL_LIBRARY)',
    "error: expected ';' before '}' token\nninja: build stopped: subcommand failed.",
    'fatal: not a git repository (or any of the parent directories): .git',
  ]) {
    assert.is(diagnoseBuild(text, fedora), undefined, text);
  }
});

run.run();
