/* test_main - all tests of one process's sandbox. */
#include <stdio.h>

#include "lockdown.h"
#include "subject.h"

int main(void)
{
	char names[128];

	printf("landlock: version %u; layers: %s\n", lockdown_landlock_abi(),
	       lockdown_names(SANDBOX_ALL, names, sizeof(names)));
	if (subject == SUBJECT_ZYGOTE) /* its other layers are its roomds' */
		return _cmocka_run_group_tests("calls", call_tests, call_test_count, NULL, NULL);
	return _cmocka_run_group_tests("calls", call_tests, call_test_count, NULL, NULL) +
	       _cmocka_run_group_tests("layers", layer_tests, layer_test_count, NULL, NULL) +
	       _cmocka_run_group_tests("ways out", way_out_tests, way_out_test_count, NULL, NULL);
}
