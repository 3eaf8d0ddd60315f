# Compiler flags, one interface target: warnings, hardening (the OpenSSF list that gcc 12 knows), sanitizers.
include(CheckCCompilerFlag)
add_library(leeway_flags INTERFACE)
target_compile_options(leeway_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 -Wvla -Wstrict-prototypes
  -Wmissing-prototypes -Wundef -Wdouble-promotion -Wfloat-equal -Wimplicit-fallthrough
  -Werror=implicit -Werror=incompatible-pointer-types -Werror=int-conversion
  -Werror=format-security
  -fno-strict-aliasing -ffp-contract=off -fno-omit-frame-pointer
  "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.")
# Texts that are cut to their buffer are cut on purpose.
check_c_compiler_flag(-Wformat-truncation has_format_truncation)
if(has_format_truncation)
  target_compile_options(leeway_flags INTERFACE -Wno-format-truncation)
endif()
if(LEEWAY_WERROR)
  target_compile_options(leeway_flags INTERFACE -Werror)
endif()
# These define what is undefined, and with that switch off the sanitizer's look at signed overflow and null pointers.
if(NOT LEEWAY_SANITIZE)
  target_compile_options(leeway_flags INTERFACE -fno-delete-null-pointer-checks -fno-strict-overflow)
endif()
if(LEEWAY_SANITIZE)
  target_compile_options(leeway_flags INTERFACE -fsanitize=address,undefined
    -fsanitize=float-divide-by-zero,float-cast-overflow -fno-sanitize-recover=all)
  target_link_options(leeway_flags INTERFACE -fsanitize=address,undefined)
elseif(LEEWAY_TSAN)
  target_compile_options(leeway_flags INTERFACE -fsanitize=thread)
  target_link_options(leeway_flags INTERFACE -fsanitize=thread)
else()
  foreach(flag IN ITEMS -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
                        -ftrivial-auto-var-init=zero)
    string(MAKE_C_IDENTIFIER "has${flag}" known)
    check_c_compiler_flag(${flag} ${known})
    if(${known})
      target_compile_options(leeway_flags INTERFACE ${flag})
    endif()
  endforeach()
  target_compile_options(leeway_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE$<SEMICOLON>-D_FORTIFY_SOURCE=3>)
  target_link_options(leeway_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed)
endif()
if(LEEWAY_FUZZ)
  target_compile_options(leeway_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
